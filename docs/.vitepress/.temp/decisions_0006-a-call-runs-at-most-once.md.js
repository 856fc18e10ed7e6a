import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"6. A call whose outcome cannot be known is rejected, not repeated","description":"","frontmatter":{},"headers":[],"relativePath":"decisions/0006-a-call-runs-at-most-once.md","filePath":"decisions/0006-a-call-runs-at-most-once.md"}');
const _sfc_main = { name: "decisions/0006-a-call-runs-at-most-once.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="6-a-call-whose-outcome-cannot-be-known-is-rejected-not-repeated" tabindex="-1">6. A call whose outcome cannot be known is rejected, not repeated <a class="header-anchor" href="#6-a-call-whose-outcome-cannot-be-known-is-rejected-not-repeated" aria-label="Permalink to &quot;6. A call whose outcome cannot be known is rejected, not repeated&quot;">​</a></h1><p>The client sends a call again only over a connection to a memory of its calls that has seen all that it sent: the server&#39;s welcome says <code>resumed</code> and names that memory (<code>memory</code>, random, made with it), and the client compares the name with the last one it got. Otherwise calls in flight are rejected with <code>outcome_unknown</code>.</p><p><em>Why.</em> An order placed twice is worse than an error that says &quot;perhaps&quot;. <code>resumed</code> alone is not enough: a welcome of a restarted server can be lost, and the next one then says <code>resumed</code> of a memory that never saw the call.</p><p>A view is held for up to 100 ms while a sent call has an optimistic guess. The server sends an effect and then the answer; between the two the page would show both effect and guess.</p></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("decisions/0006-a-call-runs-at-most-once.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const _0006ACallRunsAtMostOnce = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  _0006ACallRunsAtMostOnce as default
};
