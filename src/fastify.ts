// live-session/fastify: @fastify/session over live sessions, and `request.liveSession`.

export type { RequestBindOptions } from "./core/ownership.ts";
export {
  type FastifyData,
  type FastifyLiveSessionOptions,
  fastifyLiveSession,
  type RequestLiveSession,
} from "./http/fastify/plugin.ts";
export { bindSession } from "./http/shared/binding.ts";
