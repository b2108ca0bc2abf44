"""
Policy packs: what a law lets a provider give to patients, as dated data, one module for each.

A pack knows no programme and no member: `mechanics.policies` asks it.  Each figure has its source
and its days, so that a change of law is a change of data.  None of it is advice: who follows a pack
lets a lawyer confirm it.
"""
