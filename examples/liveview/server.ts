// `npm run example:liveview`: the shop as live views.

import { openLiveShop } from "./app.ts";

const port = Number(process.env.PORT ?? 3000);
const shop = await openLiveShop({ secret: process.env.SESSION_SECRET ?? "only for this demonstration" });

shop.server.listen(port, () => {
  const { port: taken } = shop.server.address() as { port: number };
  console.log(`
  Gale & Daughters, as live views: http://localhost:${taken}

  Try this:
   1. Open it in two tabs. Add a kite in one and watch the other.
   2. Type into the search box; go back and forth; open a kite's page: no page is loaded.
   3. Open http://localhost:${taken}/classic beside it: plain forms, the same cart.
   4. Leave the shop there: every tab starts anew.
`);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, async () => {
    await shop.close();
    process.exit(0);
  });
}
