// Makes every call of the cases on stdin with the official SDK, one after the other, and says what became of each.
// Usage: lodger.mjs ENTRY-OF-THE-SDK BASE. The number of a case is the first segment of its requests' paths.

import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const [entry, base] = process.argv.slice(2);
const { Lodger } = await import(pathToFileURL(entry));

/** JSON with dates and undefined members. */
function revived(value, root) {
  if (typeof value === "string") return value.replace("<base>", root);
  if (Array.isArray(value)) return value.map((item) => revived(item, root));
  if (value === null || typeof value !== "object") return value;
  if ("$date" in value) return new Date(value.$date);
  if ("$undefined" in value) return undefined;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, revived(item, root)]));
}

async function made({ operation, client, args, catalog }, root) {
  const lodger = new Lodger({ apiBase: root, ...revived(client, root) });
  const given = revived(args, root);
  if (operation === "withCatalog.event") return lodger.withCatalog(catalog).event(...given);
  return operation === "new" ? undefined : lodger[operation](...given);
}

const outcomes = [];
for (const [number, call] of JSON.parse(await text(process.stdin)).entries()) {
  try {
    await made(call, `${base}/${number}`);
    outcomes.push("ok");
  } catch (error) {
    outcomes.push(`${error.name}: ${error.message}`);
  }
}
process.stdout.write(JSON.stringify(outcomes));
