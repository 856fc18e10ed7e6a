// VitePress's theme with the fonts of the system, so that a page asks nothing of any other host.

import { type Theme, useData } from "vitepress";
import theme from "vitepress/theme-without-fonts";
import { onMounted, watch } from "vue";
import "./style.css";

export default {
  extends: theme,
  setup() {
    // biome-ignore lint/correctness/useHookAtTopLevel: Vue calls setup as a component's
    const { frontmatter } = useData();
    // VitePress gives every page but the home page a <main>.
    const mark = () => {
      const content = document.getElementById("VPContent");
      if (frontmatter.value.layout === "home") content?.setAttribute("role", "main");
      else content?.removeAttribute("role");
    };
    onMounted(() => watch(frontmatter, mark, { immediate: true, flush: "post" }));
  },
} satisfies Theme;
