// Buys something as a new member, by types that were made from the API's document, and prints what
// the member has then, and as what the purchase of nobody is refused.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.d.ts";

type Activity = components["schemas"]["ActivityInput"];

const [url, token, now] = process.argv.slice(2);
if (url === undefined || token === undefined || now === undefined) throw new Error("usage: URL TOKEN NOW");
const api = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });

const created = await api.POST("/v1/members", {
  params: { header: { "Idempotency-Key": crypto.randomUUID() } },
  body: { display_name: "Ada", locale: "bg" },
});
if (created.data === undefined) throw new Error(created.error.detail);
const member = created.data.id;

const purchase = (id: string): Activity => ({
  member: { id },
  type: "purchase.completed",
  source: "till",
  external_id: `sale-of-${id}`,
  occurred_at: now,
  lines: [
    { id: "a", amount: 3000, category: "tea" },
    { id: "b", amount: 1200, quantity: 2 },
  ],
  currency: "USD",
});

const recorded = await api.POST("/v1/activities", { body: purchase(member) });
if (recorded.data === undefined) throw new Error(recorded.error.detail);
const read = await api.GET("/v1/members/{member_id}/balance", { params: { path: { member_id: member } } });
if (read.data === undefined) throw new Error(read.error.detail);
const refused = await api.POST("/v1/activities", { body: purchase(`mem_${"0".repeat(26)}`) });

const available = read.data.balances.map((each) => each.available);
console.log(JSON.stringify({ member, available, refused: refused.error?.code }));
