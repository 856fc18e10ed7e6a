// React Router: the middleware of app/root.tsx, and a route that uses it

import type { FetchSession } from "live-session/fetch";
import { type ActionFunctionArgs, createContext, type LoaderFunctionArgs, type MiddlewareFunction } from "react-router";
import { type Shop, web } from "./session.ts";

export const sessionContext = createContext<FetchSession<Shop>>();

export const middleware: MiddlewareFunction<Response>[] = [
  async ({ request, context }, next) => {
    const session = web.open(request);
    context.set(sessionContext, session);
    return session.commitTo(await next());
  },
];

export async function loader({ context }: LoaderFunctionArgs) {
  const session = context.get(sessionContext);
  return Response.json({ cart: (await session.get("cart")) ?? [], flash: (await session.take("flash")) ?? null });
}

export async function action({ request, context }: ActionFunctionArgs) {
  const session = context.get(sessionContext);
  const id = String((await request.formData()).get("id"));
  session.update("cart", (cart = []) => [...cart, id]);
  session.put("flash", "Added.");
  return new Response(null, { status: 303, headers: { location: "/cart" } });
}
