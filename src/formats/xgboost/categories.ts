import { rejected } from '#formats/rejected.ts';

const [SEGMENTS, ORDER] = ['cats.feature_segments', 'cats.sorted_idx'] as const;
const OFFSETS = 'cats.enc[].offsets';

/** Checks the categories that a booster keeps since 3.1: a sort order over all columns, and each column's texts in one string. */
export function xgboostCategories(file: string) {
  const lists = new Map<string, readonly number[]>();
  const texts: number[] = [];
  let columns = 0;
  let bounds: readonly number[] = [];
  let letters = 0;

  const odd = (what: string) =>
    rejected(
      `${file} is damaged: the categories of its column ${Math.max(0, columns - 1)} ${what}`,
      "Save the model again with save_model('model.ubj') and upload the whole file.",
    );

  function close(): void {
    const isSound = rises(bounds) && (bounds.length === 0 || bounds.at(-1) === letters);
    if (!isSound) throw odd(`end outside their ${letters} letters`);
    [bounds, letters] = [[], 0];
  }

  return {
    /** How to read a list; undefined when it is not one of these. */
    enter(place: string): 'numbers' | undefined {
      if (place === 'cats.enc[]') {
        close();
        columns += 1;
      }
      return place === OFFSETS || place === SEGMENTS || place === ORDER ? 'numbers' : undefined;
    },
    numbers(place: string, values: readonly number[]): void {
      if (place !== OFFSETS) return void lists.set(place, values);
      bounds = values;
      // Numeric categories have no offsets, or an empty list.
      if (values.length > 0) texts.push(columns - 1);
    },
    value(place: string): void {
      if (place === 'cats.enc[].values[]') letters += 1;
    },
    /** The indices of the columns whose categories are texts. Fails with `ArtifactRejected` when the lists do not fit each other. */
    end(features: number): readonly number[] {
      close();
      if (columns > 0 && columns !== features) throw odd(`are the last, of ${features} columns`);
      if (!fits(lists.get(SEGMENTS) ?? [], lists.get(ORDER) ?? [], columns)) {
        throw odd('do not fit the order that they are in');
      }
      return texts;
    },
  };
}

/** Each column has a segment of the sort order, whose indices stay within that segment. */
function fits(segments: readonly number[], order: readonly number[], columns: number): boolean {
  if (segments.length !== (columns === 0 ? 0 : columns + 1) || !rises(segments)) return false;
  if ((segments.at(-1) ?? 0) !== order.length) return false;
  return segments.every((start, at) => {
    const end = segments[at + 1] ?? start;
    return order.slice(start, end).every((place) => place >= 0 && place < end - start);
  });
}

/** Whether the bounds start at 0 and never decrease. */
function rises(bounds: readonly number[]): boolean {
  return bounds.every((bound, at) => (at === 0 ? bound === 0 : bound >= (bounds[at - 1] ?? 0)));
}
