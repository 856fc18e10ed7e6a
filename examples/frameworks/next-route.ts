// Next.js: app/cart/route.ts

import { web } from "./session.ts";

export const GET = web.handle(async (_request, session) => {
  return Response.json({ cart: (await session.get("cart")) ?? [], flash: (await session.take("flash")) ?? null });
});

export const POST = web.handle(async (request, session) => {
  const id = String((await request.formData()).get("id"));
  session.update("cart", (cart = []) => [...cart, id]);
  session.put("flash", "Added.");
  return Response.redirect(new URL("/cart", request.url), 303);
});
