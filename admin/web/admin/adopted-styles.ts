import createCache, { type EmotionCache } from '@emotion/cache';
import { StyleSheet } from '@emotion/sheet';

/**
 * Emotion's styles without `<style>` elements, which the page's policy refuses: the document adopts a sheet, and rules
 * go into that by themselves. Emotion makes further sheets, of styles for the whole document, by the constructor.
 *
 * @see https://developer.mozilla.org/en-US/docs/Web/API/Document/adoptedStyleSheets
 */
class AdoptedStyleSheet extends StyleSheet {
  readonly #adopted = new CSSStyleSheet();

  override insert(rule: string): void {
    const { adoptedStyleSheets } = document;
    if (!adoptedStyleSheets.includes(this.#adopted)) adoptedStyleSheets.push(this.#adopted);
    try {
      this.#adopted.insertRule(rule, this.#adopted.cssRules.length);
    } catch {
      // A rule for another browser, as MUI has some.
    }
  }

  override flush(): void {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== this.#adopted);
    this.#adopted.replaceSync('');
  }
}

export function createAdoptedCache(): EmotionCache {
  const cache = createCache({ key: 'site' });
  cache.sheet = new AdoptedStyleSheet({ key: cache.key, container: document.head });
  return cache;
}
