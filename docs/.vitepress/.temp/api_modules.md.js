import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"API","description":"","frontmatter":{},"headers":[],"relativePath":"api/modules.md","filePath":"api/modules.md"}');
const _sfc_main = { name: "api/modules.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="api" tabindex="-1">API <a class="header-anchor" href="#api" aria-label="Permalink to &quot;API&quot;">​</a></h1><h2 id="modules" tabindex="-1">Modules <a class="header-anchor" href="#modules" aria-label="Permalink to &quot;Modules&quot;">​</a></h2><ul><li><a href="./client.html">client</a></li><li><a href="./client-sse.html">client-sse</a></li><li><a href="./conformance.html">conformance</a></li><li><a href="./cookie.html">cookie</a></li><li><a href="./dashboard.html">dashboard</a></li><li><a href="./encrypted.html">encrypted</a></li><li><a href="./express.html">express</a></li><li><a href="./fastify.html">fastify</a></li><li><a href="./fetch.html">fetch</a></li><li><a href="./hono.html">hono</a></li><li><a href="./">index</a></li><li><a href="./koa.html">koa</a></li><li><a href="./liveview.html">liveview</a></li><li><a href="./nats.html">nats</a></li><li><a href="./otel.html">otel</a></li><li><a href="./postgres.html">postgres</a></li><li><a href="./prometheus.html">prometheus</a></li><li><a href="./react.html">react</a></li><li><a href="./redis.html">redis</a></li><li><a href="./socket.io.html">socket.io</a></li><li><a href="./sqlite.html">sqlite</a></li><li><a href="./sse.html">sse</a></li><li><a href="./ws.html">ws</a></li></ul></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("api/modules.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const modules = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  modules as default
};
