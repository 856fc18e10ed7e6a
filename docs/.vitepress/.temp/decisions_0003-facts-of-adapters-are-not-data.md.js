import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"3. Facts of an adapter are not data","description":"","frontmatter":{},"headers":[],"relativePath":"decisions/0003-facts-of-adapters-are-not-data.md","filePath":"decisions/0003-facts-of-adapters-are-not-data.md"}');
const _sfc_main = { name: "decisions/0003-facts-of-adapters-are-not-data.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="3-facts-of-an-adapter-are-not-data" tabindex="-1">3. Facts of an adapter are not data <a class="header-anchor" href="#3-facts-of-an-adapter-are-not-data" aria-label="Permalink to &quot;3. Facts of an adapter are not data&quot;">​</a></h1><p>express-session&#39;s cookie (its maxAge, path, flags) is kept in a record&#39;s <code>meta</code>, not in its data. It is never broadcast, never in a snapshot, needs no version, and a touch may change it.</p><p><em>Why.</em> The cookie changes with every request under <code>rolling</code>. As data it would wake every subscriber each time, show up in live views, and be a second writer of the session in every request that changed nothing.</p></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("decisions/0003-facts-of-adapters-are-not-data.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const _0003FactsOfAdaptersAreNotData = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  _0003FactsOfAdaptersAreNotData as default
};
