const PLAIN = /^[\t\n -~]*$/;

/**
 * Where Unicode 15.1 and later join an Indic consonant to the one before it, which Terraform, at Unicode 15.0, does not. A Thai or Lao vowel
 * sign am belongs to what it follows in both.
 */
const JOINED = /(?<=[\p{M}\p{EMod}\u200d])(?![\u0e33\u0eb3])(?=\p{Lo})/u;

/** UTF-16 units handed to the segmenter at a time: each step of its costs time by the length of the whole text. */
const PIECE = 1024;

let segmenter: Intl.Segmenter | null = null;

/**
 * The characters of a text as people count them: extended grapheme clusters, as Terraform counts, cuts and reverses text.
 * https://www.unicode.org/reports/tr29/tr29-41.html
 */
export function clustersOf(text: string): readonly string[] {
  if (PLAIN.test(text)) return text.split('');
  const clusters: string[] = [];
  for (const segment of segmentsOf(text)) {
    if (segment.length === 1) clusters.push(segment);
    else for (const cluster of segment.split(JOINED)) clusters.push(cluster);
  }
  return clusters;
}

/** What the segmenter makes of the text, in time linear in its length. */
function* segmentsOf(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  let size = PIECE;
  for (let start = 0; start < text.length; ) {
    const end = isHighSurrogate(text.charCodeAt(start + size - 1)) ? start + size + 1 : start + size;
    // The last segment of a piece may go on in the next. No rule looks back beyond the beginning of a segment, so that is where to go on from.
    let held: string | null = null;
    let taken = 0;
    for (const { segment } of segmenter.segment(text.slice(start, end))) {
      if (held !== null) {
        yield held;
        taken += held.length;
      }
      held = segment;
    }
    if (end >= text.length) {
      if (held !== null) yield held;
      return;
    }
    start += taken;
    size = taken === 0 ? size * 2 : PIECE;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
