# ruleid: unconditioned-write
take = {"TableName": ledger, "Key": key, "UpdateExpression": "SET used = used + :one"}
# ruleid: unconditioned-write
take = {"TableName": ledger, "UpdateExpression": "SET used = used + :one", **rest}
# ruleid: unconditioned-write
put = {"TableName": ledger, "Item": item}
# ruleid: unconditioned-write
put = {"Item": item, **rest}
# ruleid: unconditioned-write
put = {"Put": {"Item": item, "TableName": ledger}}
# ruleid: unconditioned-write
put = dict(TableName=ledger, Item=item)
# ruleid: unconditioned-write
writes = [{"Delete": {"TableName": ledger, "Key": key}}]
# ruleid: unconditioned-write
requests = {ledger: [{"PutRequest": wanted}]}
# ruleid: unconditioned-write
requests = {ledger: [{"DeleteRequest": {"Key": key}}]}
# ruleid: unconditioned-write
connection.dispatch("ExecuteStatement", {"Statement": statement})
# ruleid: unconditioned-write
self._call("DeleteItem", {"TableName": table, "Key": key})
# ruleid: unconditioned-write
client.put_item(TableName=table, **rest)
# ruleid: unconditioned-write
table.update_item(Key=key, ExpressionAttributeValues=values)
# ruleid: unconditioned-write
AccountItem(pk, sk).save()
# ruleid: unconditioned-write
account.update(actions=[AccountItem.version.set(7)])
# ruleid: unconditioned-write
self._dynamo.put(self._dynamo.work, item)
# ruleid: unconditioned-write
dynamo.put_many(waiting)
# ruleid: unconditioned-write
dynamo.delete(dynamo.catalogue, pk, sk)

# ok: unconditioned-write
take = {
    "TableName": ledger,
    "Key": key,
    "UpdateExpression": "SET used = used + :one",
    "ConditionExpression": "used < :limit",
}
# ok: unconditioned-write
take = {"ConditionExpression": "used < :limit", "UpdateExpression": "SET used = :n", **rest}
# ok: unconditioned-write
put = {"TableName": ledger, "Item": item, "ConditionExpression": absent}
# ok: unconditioned-write
put = {"Put": {"TableName": ledger, "Item": item, "ConditionExpression": absent}}
# ok: unconditioned-write
delete = {"Delete": {"TableName": ledger, "Key": key, "ConditionExpression": unchanged}}
# ok: unconditioned-write
read = {"TableName": ledger, "Key": key, "ConsistentRead": True}
# ok: unconditioned-write
connection.dispatch("GetItem", read)
# ok: unconditioned-write
connection.dispatch("DeleteItem", {"Key": key, "ConditionExpression": unchanged})
# ok: unconditioned-write
client.put_item(TableName=table, Item=item, ConditionExpression=absent)
# ok: unconditioned-write
account.save(condition=AccountItem.version == 6)
# ok: unconditioned-write
account.update(actions=actions, condition=AccountItem.version == 6)
# ok: unconditioned-write
directory.save(tenant, profile, expected=1)
# ok: unconditioned-write
counts.update(found)
