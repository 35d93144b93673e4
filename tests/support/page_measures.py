"""Measures of a page, as JavaScript expressions for `Page.value`."""

#: Texts that are seen, each with the contrast of its colour to what lies behind it (WCAG 2.2).
CONTRASTS = """(() => {
  const channel = value => { const c = value / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.textContent.trim()).join('');
    if (!own || !element.checkVisibility() || element.closest('.unseen')) continue;
    const pair = [light(numbers(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
    found.push([own, (pair[0] + 0.05) / (pair[1] + 0.05)]);
  }
  return found;
})()"""

#: How high the digits of each key figure are drawn, as a share of the window's height.
DIGIT_HEIGHTS = """(() => {
  const pen = document.createElement('canvas').getContext('2d');
  return [...document.querySelectorAll('.digits')].map(element => {
    const style = getComputedStyle(element);
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    return pen.measureText('0').actualBoundingBoxAscent / innerHeight;
  });
})()"""

#: Key figures that are cut off, or stick out of the window.
CUT_OFF = """[...document.querySelectorAll('.figure')].filter(cell => {
  const key = cell.querySelector('.key'), inner = key.lastElementChild.getBoundingClientRect(), outer = cell.getBoundingClientRect();
  const right = Math.max(...[...key.children].filter(part => !part.matches('.unseen')).map(part => part.getBoundingClientRect().right));
  return right > outer.right + 1 || outer.bottom > innerHeight || outer.right > innerWidth || key.getBoundingClientRect().top < outer.top - 1;
}).map(cell => cell.innerText)"""

#: Whether the whole page is in the window: (width, height) that it would need beyond it.
BEYOND = "[document.documentElement.scrollWidth - innerWidth, Math.max(...[...document.querySelectorAll('section, header')].map(s => s.getBoundingClientRect().bottom)) - innerHeight]"

#: Sections on a wall whose content does not fit them.
SPILT = """[...document.querySelectorAll('section')].filter(section => section.scrollHeight > section.clientHeight + 2
  || [...section.querySelectorAll('[data-agent], [role=row], .chart, li')].filter(e => e.checkVisibility()).some(e => e.getBoundingClientRect().bottom > section.getBoundingClientRect().bottom + 1)).map(section => section.className)"""
