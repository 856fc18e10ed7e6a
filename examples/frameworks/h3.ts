// h3 2, and so Nitro: a middleware, and two handlers that use it

import { H3, type H3Event } from "h3";
import type { FetchSession } from "live-session/fetch";
import { type Shop, web } from "./session.ts";

const sessionOf = (event: H3Event) => event.context.session as FetchSession<Shop>;

export const app = new H3()
  .use(async (event, next) => {
    const session = web.open(event.req);
    event.context.session = session;
    const result = await next();
    const cookie = await session.commit();
    if (cookie !== null) event.res.headers.append("set-cookie", cookie);
    return result;
  })
  .get("/cart", async (event) => {
    const session = sessionOf(event);
    return { cart: (await session.get("cart")) ?? [], flash: (await session.take("flash")) ?? null };
  })
  .post("/cart", async (event) => {
    const id = String((await event.req.formData()).get("id"));
    sessionOf(event).update("cart", (cart = []) => [...cart, id]);
    sessionOf(event).put("flash", "Added.");
    return new Response(null, { status: 303, headers: { location: "/cart" } });
  });
