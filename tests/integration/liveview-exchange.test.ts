import { expect, test } from "vitest";
import { bag } from "../support/express.ts";
import { serveLiveViews } from "../support/liveview.ts";
import { filled, type Names, named, readExchange } from "../support/liveview-exchange.ts";
import { Other, Workbench, workbenchLayout } from "../support/liveview-workbench.ts";

test("what the official client was recorded to say is answered as it was then, frame by frame", async () => {
  const exchange = readExchange();
  expect(exchange.length).toBeGreaterThan(30);
  const { visitor, url } = await serveLiveViews(
    { "/": Workbench, "/other": Other },
    {
      layout: workbenchLayout,
      before: (app) =>
        app.use((request, _response, next) => {
          bag(request).entered = true;
          next();
        }),
    },
  );
  const ada = visitor({ session: false });
  const tab = await ada.connect(await ada.open("/"));
  const names: Names = { ID: tab.page.id, SESSION: tab.page.session, CSRF: tab.page.csrf, URL: url };
  let heard = 0;
  for (const [from, frame] of exchange) {
    if (from === "client") tab.send(filled(frame, names));
    else {
      const at = heard++;
      await tab.until((message) => tab.received.indexOf(message) === at);
      expect(named(JSON.stringify(tab.received[at]), names)).toEqual(frame);
    }
  }
  expect(tab.received).toHaveLength(heard);
});
