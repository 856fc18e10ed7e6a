import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse(`{"title":"2. The store's clock decides; the contract has no absolute times of nodes","description":"","frontmatter":{},"headers":[],"relativePath":"decisions/0002-relative-times-in-the-contract.md","filePath":"decisions/0002-relative-times-in-the-contract.md"}`);
const _sfc_main = { name: "decisions/0002-relative-times-in-the-contract.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="2-the-stores-clock-decides-the-contract-has-no-absolute-times-of-nodes" tabindex="-1">2. The store&#39;s clock decides; the contract has no absolute times of nodes <a class="header-anchor" href="#2-the-stores-clock-decides-the-contract-has-no-absolute-times-of-nodes" aria-label="Permalink to &quot;2. The store&#39;s clock decides; the contract has no absolute times of nodes&quot;">​</a></h1><p>Commits and touches carry a lifetime in ms, never an <code>expiresAt</code>; the store adds its own now. Reads give the store&#39;s now beside the record.</p><p><em>Why.</em> Nodes&#39; clocks differ. With absolute times from nodes, a node that is a minute fast would see sessions as expired, or write expiries that others see as past. With the store&#39;s clock alone, all nodes agree to the millisecond.</p></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("decisions/0002-relative-times-in-the-contract.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const _0002RelativeTimesInTheContract = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  _0002RelativeTimesInTheContract as default
};
