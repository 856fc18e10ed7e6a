import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"client-sse","description":"","frontmatter":{},"headers":[],"relativePath":"api/client-sse.md","filePath":"api/client-sse.md"}');
const _sfc_main = { name: "api/client-sse.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="client-sse" tabindex="-1">client-sse <a class="header-anchor" href="#client-sse" aria-label="Permalink to &quot;client-sse&quot;">​</a></h1><h2 id="interfaces" tabindex="-1">Interfaces <a class="header-anchor" href="#interfaces" aria-label="Permalink to &quot;Interfaces&quot;">​</a></h2><h3 id="ssetransportoptions" tabindex="-1">SseTransportOptions <a class="header-anchor" href="#ssetransportoptions" aria-label="Permalink to &quot;SseTransportOptions&quot;">​</a></h3><h4 id="properties" tabindex="-1">Properties <a class="header-anchor" href="#properties" aria-label="Permalink to &quot;Properties&quot;">​</a></h4><table tabindex="0"><thead><tr><th>Property</th><th>Modifier</th><th>Type</th><th>Description</th></tr></thead><tbody><tr><td><a id="property-credentials"></a> <code>credentials?</code></td><td><code>readonly</code></td><td><code>RequestCredentials</code></td><td>For other origins than the page&#39;s own: <code>&quot;include&quot;</code> sends the cookie along. Default <code>&quot;same-origin&quot;</code>.</td></tr><tr><td><a id="property-fetch"></a> <code>fetch?</code></td><td><code>readonly</code></td><td>{(<code>input</code>, <code>init?</code>): <code>Promise</code>&lt;<code>Response</code>&gt;; (<code>input</code>, <code>init?</code>): <code>Promise</code>&lt;<code>Response</code>&gt;; }</td><td>Default: the global one.</td></tr></tbody></table><h2 id="functions" tabindex="-1">Functions <a class="header-anchor" href="#functions" aria-label="Permalink to &quot;Functions&quot;">​</a></h2><h3 id="ssetransport" tabindex="-1">sseTransport() <a class="header-anchor" href="#ssetransport" aria-label="Permalink to &quot;sseTransport()&quot;">​</a></h3><blockquote><p><strong>sseTransport</strong>(<code>options?</code>): <a href="./client.html#maketransport"><code>MakeTransport</code></a></p></blockquote><p><code>connect({ url: &quot;/live&quot;, transport: sseTransport() })</code>, for a server with <code>liveStreams</code> of <code>live-session/sse</code> there. The stream is read with fetch rather than EventSource: the client connects again by itself, by its own rules.</p><h4 id="parameters" tabindex="-1">Parameters <a class="header-anchor" href="#parameters" aria-label="Permalink to &quot;Parameters&quot;">​</a></h4><table tabindex="0"><thead><tr><th>Parameter</th><th>Type</th></tr></thead><tbody><tr><td><code>options?</code></td><td><a href="#ssetransportoptions"><code>SseTransportOptions</code></a></td></tr></tbody></table><h4 id="returns" tabindex="-1">Returns <a class="header-anchor" href="#returns" aria-label="Permalink to &quot;Returns&quot;">​</a></h4><p><a href="./client.html#maketransport"><code>MakeTransport</code></a></p></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("api/client-sse.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const clientSse = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  clientSse as default
};
