// Texts whose contrast with what lies under them is below WCAG's 4.5. Disabled controls are exempt there too.
root => {
    const parse = colour => (colour.match(/[\d.]+/g) || []).map(Number);
    const channel = value => { value /= 255; return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
    const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const over = (top, below) => {
        const alpha = top.length > 3 ? top[3] : 1;
        return [0, 1, 2].map(i => top[i] * alpha + below[i] * (1 - alpha));
    };
    const ground = element => {
        const layers = [];
        for (let here = element; here; here = here.parentElement) layers.unshift(parse(getComputedStyle(here).backgroundColor));
        return layers.reduce((below, top) => over(top, below), [255, 255, 255]);
    };
    const found = new Set();
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const style = getComputedStyle(element);
        if (!walker.currentNode.textContent.trim() || !element.checkVisibility({checkVisibilityCSS: true})) continue;
        if (element.closest('[disabled], [aria-disabled=true], .tf-away, .tf-paper, [data-testid=stIconMaterial], style, script, kbd')) continue;
        if (parse(style.color)[3] === 0) continue;
        const below = ground(element);
        const [a, b] = [light(over(parse(style.color), below)), light(below)].sort((x, y) => y - x);
        if ((a + 0.05) / (b + 0.05) < 4.5) found.add(
            `${((a + 0.05) / (b + 0.05)).toFixed(2)} ${element.tagName} ${element.className} ${style.color} on ${below} `
            + walker.currentNode.textContent.trim().slice(0, 40));
    }
    return [...found];
}
