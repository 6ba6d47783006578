// The official SDK: sends so many events, some at once, and tells what that took as `client::Cost` reads it.
import { Lodger } from "@lodger/sdk"

const [apiBase, events, warmUp, abreast] = process.argv.slice(2)
const lodger = new Lodger({ apiKey: "lodger_sk_bench", workspaceId: "org_1", projectId: "core", apiBase })

const event = () => lodger.event("organization.member.removed", {
  actor: { id: "user_01JZ2M9E7G6D8R5K3D", type: "user", email: "ada@example.com" },
  target: { id: "mem_01JZ2M9E7G6D8R5K3E", type: "organization_member", name: "Bob Smith" },
  metadata: {
    _audit: {
      actorName: "Ada Lovelace",
      description: "Removed Bob Smith from Acme",
      eventId: crypto.randomUUID(),
      origin: { service: "bench" },
      outcome: "success",
    },
    organizationId: "org_acme",
    reason: "Inactive contractor",
    seats: 12,
    ticket: "OPS-4711",
  },
})

async function send(number) {
  let left = number
  await Promise.all(Array.from({ length: Number(abreast) }, async () => {
    while (left-- > 0) await event()
  }))
}

await send(Number(warmUp))
const began = performance.now()
const cpuBefore = process.cpuUsage()
await send(Number(events))
const seconds = (performance.now() - began) / 1e3
const cpu = process.cpuUsage(cpuBefore)
console.log(JSON.stringify({ events: Number(events), seconds, cpuSeconds: (cpu.user + cpu.system) / 1e6 }))
