import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"Memory","description":"","frontmatter":{},"headers":[],"relativePath":"drivers/memory.md","filePath":"drivers/memory.md"}');
const _sfc_main = { name: "drivers/memory.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="memory" tabindex="-1">Memory <a class="header-anchor" href="#memory" aria-label="Permalink to &quot;Memory&quot;">​</a></h1><p>The default: sessions of one process, gone when it ends.</p><div class="language-ts vp-adaptive-theme"><button title="Copy Code" class="copy"></button><span class="lang">ts</span><pre class="shiki shiki-themes github-light-high-contrast github-dark-high-contrast vp-code" tabindex="0"><code><span class="line"><span style="--shiki-light:#622CBC;--shiki-dark:#DBB7FF;">createLiveSessions</span><span style="--shiki-light:#0E1116;--shiki-dark:#F0F3F6;">({ store: </span><span style="--shiki-light:#622CBC;--shiki-dark:#DBB7FF;">memoryStore</span><span style="--shiki-light:#0E1116;--shiki-dark:#F0F3F6;">() }); </span><span style="--shiki-light:#66707B;--shiki-dark:#BDC4CC;">// the same as createLiveSessions()</span></span></code></pre></div><ul><li>Reads share frozen data with the store: nothing is copied or parsed for a live connection.</li><li>A commit is done within one call, so it is atomic by itself.</li><li>Sessions lie in buckets of ten seconds by their expiry. A sweep looks at buckets that are due and no others; a session whose expiry was pushed forward is moved on when its old bucket comes up.</li><li>An end is remembered, without data, for <code>endedRetention</code>.</li></ul><p>For one process in production it is sound; to survive restarts, or for several processes of one machine, take <a href="./sqlite.html">SQLite</a>.</p></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("drivers/memory.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const memory = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  memory as default
};
