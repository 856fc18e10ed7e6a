// live-session/fastify: @fastify/session over live sessions, and `request.liveSession`.

export {
  type FastifyData,
  type FastifyLiveSessionOptions,
  fastifyLiveSession,
  type RequestLiveSession,
} from "./http/fastify/plugin.ts";
