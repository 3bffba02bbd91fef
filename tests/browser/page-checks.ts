/** What every page must hold to, whatever is on it: found out in the browser, from what it really shows. */
import type { Visit } from "./chromium.ts";

/** Sentences about what is wrong; none for a page as it should be. */
export async function pageProblems({ page }: Visit): Promise<readonly string[]> {
  return await page.evaluate<string[]>(`${helpers}; [...outline(), ...names(), ...overhang()]`);
}

/** Texts that are hard to read: less contrast than WCAG's AA asks for. */
export async function contrastProblems({ page }: Visit): Promise<readonly string[]> {
  return await page.evaluate<string[]>(`${helpers}; ${contrast}; contrasts()`);
}

/** For `page.evaluate`: what is folded is looked at too. */
export const openDetails =
  'for (const details of document.querySelectorAll("details")) details.open = true;';

/** Runs in the page. */
const helpers = String.raw`
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const isShown = (element) =>
    element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
  const nameOf = (element) => {
    const id = element.id === "" ? "" : "#" + element.id;
    const text = (element.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 40);
    return element.localName + id + (text === "" ? "" : " “" + text + "”");
  };

  function outline() {
    const found = [];
    const expectOne = (selector) => {
      const count = all(selector).filter(isShown).length;
      if (count !== 1) found.push(count + " elements are " + selector);
    };
    expectOne("h1");
    expectOne("main");
    if (!/^\S.* · Wildfire$/.test(document.title)) found.push("title: " + document.title);
    if (document.documentElement.lang === "") found.push("no language");
    for (const nav of all("nav")) {
      if (!nav.hasAttribute("aria-label")) found.push("nav without a name");
    }
    let level = 0;
    for (const heading of all("h1, h2, h3, h4, h5, h6").filter(isShown)) {
      const own = Number(heading.localName.slice(1));
      if (own > level + 1) found.push("a level of headings is left out before " + nameOf(heading));
      level = own;
    }
    return found;
  }

  function names() {
    const found = [];
    const ids = all("[id]").map(({ id }) => id);
    for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index))) {
      found.push("two elements are #" + id);
    }
    for (const attribute of ["aria-describedby", "aria-labelledby", "aria-controls", "for", "list"]) {
      for (const element of all("[" + attribute + "]")) {
        const wanted = element.getAttribute(attribute).split(/\s+/);
        const lost = wanted.filter((id) => document.getElementById(id) === null);
        if (lost.length > 0) found.push(nameOf(element) + ": " + attribute + " has no " + lost.join(" "));
      }
    }
    for (const field of all("input:not([type=hidden], [hidden]), select, textarea")) {
      const own = field.getAttribute("aria-label") ?? "";
      const labels = [...field.labels].map((label) => label.textContent.trim()).join("");
      if (own + labels === "" && !field.hasAttribute("aria-labelledby")) {
        found.push(nameOf(field) + " [" + field.name + "] has no label");
      }
    }
    for (const control of all("button, a[href], summary, [role=button]")) {
      const pictures = all("img[alt]", control).map(({ alt }) => alt).join("");
      const own = control.getAttribute("aria-label") ?? "";
      if ((own + control.textContent + pictures).trim() === "") found.push(control.outerHTML);
    }
    for (const picture of all("img:not([alt])")) found.push("no alt: " + picture.src);
    for (const table of all("table")) {
      const isNamed = table.caption !== null || table.hasAttribute("aria-labelledby") || table.hasAttribute("aria-label");
      if (!isNamed) found.push(nameOf(table) + " has no name");
    }
    return found;
  }

  function overhang() {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = all("body *").filter((one) => isShown(one) && one.getBoundingClientRect().right > clientWidth + 1);
    return [scrollWidth - clientWidth + " px too wide: " + wide.slice(0, 4).map(nameOf).join(", ")];
  }
`;

/** Runs in the page, behind the helpers. Colours of any notation become what the screen shows. */
const contrast = String.raw`
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const ink = canvas.getContext("2d", { willReadFrequently: true });

  function colourOf(css) {
    ink.clearRect(0, 0, 1, 1);
    ink.fillStyle = css;
    ink.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = ink.getImageData(0, 0, 1, 1).data;
    return { rgb: [red, green, blue], alpha: alpha / 255 };
  }

  const over = (above, alpha, below) =>
    above.map((value, index) => value * alpha + below[index] * (1 - alpha));

  /** Undefined on pictures. */
  function groundOf(element) {
    const layers = [];
    for (let at = element; at !== null; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return undefined;
      const colour = colourOf(style.backgroundColor);
      layers.push(colour);
      if (colour.alpha === 1) break;
    }
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    const canvasColour = isDark ? [18, 18, 18] : [255, 255, 255];
    return layers.reduceRight((below, { rgb, alpha }) => over(rgb, alpha, below), canvasColour);
  }

  function opacityOf(element) {
    let opacity = 1;
    for (let at = element; at !== null; at = at.parentElement) {
      opacity *= Number(getComputedStyle(at).opacity);
    }
    return opacity;
  }

  function luminance(rgb) {
    const [red, green, blue] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function contrasts() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = new Set();
    while (walker.nextNode() !== null) {
      const element = walker.currentNode.parentElement;
      const text = walker.currentNode.data.trim();
      if (text === "" || !isShown(element) || element.closest("[aria-hidden=true], :disabled, option") !== null) continue;
      if (element.getBoundingClientRect().width <= 1) continue;
      const ground = groundOf(element);
      const style = getComputedStyle(element);
      if (ground === undefined) continue;
      const { rgb, alpha } = colourOf(style.color);
      const shown = over(rgb, alpha * opacityOf(element), ground);
      const [light, dark] = [luminance(shown), luminance(ground)].toSorted((a, b) => b - a);
      const ratio = (light + 0.05) / (dark + 0.05);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (isLarge ? 3 : 4.5)) {
        found.add(ratio.toFixed(2) + ":1 for " + nameOf(element) + " (" + style.color + ")");
      }
    }
    return [...found];
  }
`;
