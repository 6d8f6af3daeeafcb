import { rejected } from '#formats/rejected.ts';

const [SEGMENTS, ORDER] = ['cats.feature_segments', 'cats.sorted_idx'] as const;
const OFFSETS = 'cats.enc[].offsets';

/** Checks how a booster since 3.1 keeps the categories of its columns: those of all in one order, and of each the texts in one string. */
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
    /** What is to be done with a list; undefined of one that says nothing here. */
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
      // Of numbers there is no such list, or an empty one.
      if (values.length > 0) texts.push(columns - 1);
    },
    value(place: string): void {
      if (place === 'cats.enc[].values[]') letters += 1;
    },
    /** The places of the columns whose categories are texts. Fails with `ArtifactRejected` where a list does not fit the others. */
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

/** Each column has its stretch of the order, which names no more than there are in it. */
function fits(segments: readonly number[], order: readonly number[], columns: number): boolean {
  if (segments.length !== (columns === 0 ? 0 : columns + 1) || !rises(segments)) return false;
  if ((segments.at(-1) ?? 0) !== order.length) return false;
  return segments.every((start, at) => {
    const end = segments[at + 1] ?? start;
    return order.slice(start, end).every((place) => place >= 0 && place < end - start);
  });
}

/** From 0, each no less than the one before. */
function rises(bounds: readonly number[]): boolean {
  return bounds.every((bound, at) => (at === 0 ? bound === 0 : bound >= (bounds[at - 1] ?? 0)));
}
