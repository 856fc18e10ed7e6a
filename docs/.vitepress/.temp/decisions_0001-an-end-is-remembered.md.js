import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"1. An end is remembered","description":"","frontmatter":{},"headers":[],"relativePath":"decisions/0001-an-end-is-remembered.md","filePath":"decisions/0001-an-end-is-remembered.md"}');
const _sfc_main = { name: "decisions/0001-an-end-is-remembered.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="1-an-end-is-remembered" tabindex="-1">1. An end is remembered <a class="header-anchor" href="#1-an-end-is-remembered" aria-label="Permalink to &quot;1. An end is remembered&quot;">​</a></h1><p>A store keeps the key of an ended session, its reason and the time, without data, until <code>endedRetention</code> has passed.</p><p><em>Why.</em> &quot;Update only what exists&quot; is enough against requests that loaded the session before it ended. It is not enough against whoever creates: middleware that saves a session object it made itself, or an app that calls <code>store.set</code>. And a browser that reconnects just after a logout can be told &quot;you signed out&quot; rather than &quot;unknown&quot;.</p><p><em>Cost.</em> A short row for ten minutes after each logout.</p></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("decisions/0001-an-end-is-remembered.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const _0001AnEndIsRemembered = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  _0001AnEndIsRemembered as default
};
