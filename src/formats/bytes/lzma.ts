/** Decodes one LZMA stream, following the LZMA SDK's specification; output goes to `write`, in order. */
export type LzmaDecoder = {
  /** Resets with these properties: `lc + 9 * (lp + 5 * pb)`. False when they are invalid. */
  setProperties(byte: number): boolean;
  resetState(): void;
  /** Reads the first 5 bytes of compressed data; returns the offset after them. */
  start(input: Uint8Array, at: number): number;
  /**
   * Decodes until `outputBytes` are written (the last match may write a few more), the end marker, or fewer than `SYMBOL_BYTES` of input remain, unless it `isLast`.
   * Returns the offset reached in the input; NaN when the data is damaged.
   */
  decode(input: Uint8Array, at: number, outputBytes: number, isLast: boolean): number;
  /** Appends uncompressed bytes. */
  copy(bytes: Uint8Array): void;
  resetDictionary(): void;
  readonly isEnded: boolean;
  readonly writtenBytes: number;
};

/** The most input that one symbol takes. */
export const SYMBOL_BYTES = 32;

const PROBABILITIES = {
  isMatch: 0,
  isRep: 192,
  isRepG0: 204,
  isRepG1: 216,
  isRepG2: 228,
  isRep0Long: 240,
};
const POS_SLOT = 432;
const POS_SPECIAL = 688;
const ALIGN = 803;
const LENGTH = 819;
const REP_LENGTH = 1333;
const LITERAL = 1847;
const LENGTH_MID = 130;
const LENGTH_HIGH = 258;
const MIDDLE = 1024;
const RANGE = 0;
const CODE = 1;
const END_MARK = 0xffffffff;
const SHORTEST_MATCH = 2;

export function lzmaDecoder(
  dictionaryBytes: number,
  write: (bytes: Uint8Array) => void,
): LzmaDecoder {
  const out = outputWindow(dictionaryBytes, write);
  let probabilities = new Uint16Array(LITERAL);
  let [lc, positionMask, literalMask] = [0, 0, 0];
  let input: Uint8Array = new Uint8Array();
  let at = 0;
  // A typed array, since a closure variable would be reallocated for each number above 2^31.
  const coder = new Uint32Array(2);
  let state = 0;
  let [rep0, rep1, rep2, rep3] = [0, 0, 0, 0];
  let isEnded = false;

  function bit(index: number): number {
    const probability = probabilities[index] ?? MIDDLE;
    const range = coder[RANGE] ?? 0;
    const code = coder[CODE] ?? 0;
    const bound = (range >>> 11) * probability;
    const is = code < bound ? 0 : 1;
    probabilities[index] = probability + (is ? -(probability >>> 5) : (2048 - probability) >>> 5);
    normalise(is ? range - bound : bound, is ? code - bound : code);
    return is;
  }

  function direct(bits: number): number {
    let value = 0;
    for (let count = 0; count < bits; count += 1) {
      const half = (coder[RANGE] ?? 0) >>> 1;
      const code = coder[CODE] ?? 0;
      const is = code >= half ? 1 : 0;
      normalise(half, is ? code - half : code);
      value = value * 2 + is;
    }
    return value;
  }

  function normalise(range: number, code: number): void {
    const isShort = range < 0x1000000;
    coder[RANGE] = isShort ? range << 8 : range;
    coder[CODE] = isShort ? (code << 8) | (input[at++] ?? 0) : code;
  }

  function tree(base: number, bits: number): number {
    let symbol = 1;
    for (let count = 0; count < bits; count += 1) symbol = symbol * 2 + bit(base + symbol);
    return symbol - (1 << bits);
  }

  function reverseTree(base: number, bits: number): number {
    let [symbol, value] = [1, 0];
    for (let count = 0; count < bits; count += 1) {
      const is = bit(base + symbol);
      symbol = symbol * 2 + is;
      value += is << count;
    }
    return value;
  }

  function literal(): void {
    const position = out.position & literalMask;
    const context = (position << lc) + (out.back(1) >>> (8 - lc));
    const base = LITERAL + 0x300 * context;
    let symbol = 1;
    if (state >= 7) {
      let match = out.back(rep0 + 1);
      while (symbol < 0x100) {
        const expected = (match >>> 7) & 1;
        match <<= 1;
        const is = bit(base + ((1 + expected) << 8) + symbol);
        symbol = symbol * 2 + is;
        if (is !== expected) break;
      }
    }
    while (symbol < 0x100) symbol = symbol * 2 + bit(base + symbol);
    out.put(symbol & 0xff);
    state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
  }

  function length(base: number, position: number): number {
    if (bit(base) === 0) return tree(base + 2 + (position << 3), 3);
    if (bit(base + 1) === 0) return 8 + tree(base + LENGTH_MID + (position << 3), 3);
    return 16 + tree(base + LENGTH_HIGH, 8);
  }

  function distance(matchLength: number): number {
    const slot = tree(POS_SLOT + (Math.min(matchLength, 3) << 6), 6);
    if (slot < 4) return slot;
    const bits = (slot >>> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** bits;
    if (slot < 14) return base + reverseTree(POS_SPECIAL + base - slot, bits);
    return base + direct(bits - 4) * 16 + reverseTree(ALIGN, 4);
  }

  /** The length of a match; 0 when there is nothing to copy, NaN at the end marker. */
  function match(position: number): number {
    if (bit(PROBABILITIES.isRep + state) === 0) {
      [rep3, rep2, rep1] = [rep2, rep1, rep0];
      const found = length(LENGTH, position);
      state = state < 7 ? 7 : 10;
      rep0 = distance(found);
      return rep0 === END_MARK ? Number.NaN : found + SHORTEST_MATCH;
    }
    if (bit(PROBABILITIES.isRepG0 + state) === 0) {
      if (bit(PROBABILITIES.isRep0Long + (state << 4) + position) === 0) {
        state = state < 7 ? 9 : 11;
        return 1;
      }
    } else if (bit(PROBABILITIES.isRepG1 + state) === 0) {
      [rep1, rep0] = [rep0, rep1];
    } else if (bit(PROBABILITIES.isRepG2 + state) === 0) {
      [rep2, rep1, rep0] = [rep1, rep0, rep2];
    } else {
      [rep3, rep2, rep1, rep0] = [rep2, rep1, rep0, rep3];
    }
    const found = length(REP_LENGTH, position);
    state = state < 7 ? 8 : 11;
    return found + SHORTEST_MATCH;
  }

  /** False when the data is damaged. */
  function symbol(): boolean {
    const position = out.position & positionMask;
    if (bit(PROBABILITIES.isMatch + (state << 4) + position) === 0) {
      literal();
      return true;
    }
    const found = match(position);
    isEnded = Number.isNaN(found);
    return isEnded || out.repeat(rep0 + 1, found);
  }

  const resetState = () => {
    probabilities.fill(MIDDLE);
    state = 0;
    [rep0, rep1, rep2, rep3] = [0, 0, 0, 0];
  };

  return {
    setProperties(byte) {
      if (byte >= 9 * 5 * 5) return false;
      lc = byte % 9;
      const lp = Math.floor(byte / 9) % 5;
      positionMask = (1 << Math.floor(byte / 45)) - 1;
      literalMask = (1 << lp) - 1;
      probabilities = new Uint16Array(LITERAL + (0x300 << (lc + lp)));
      resetState();
      return true;
    },
    resetState,
    start(bytes, from) {
      coder[RANGE] = 0xffffffff;
      coder[CODE] = Buffer.from(bytes.buffer, bytes.byteOffset).readUInt32BE(from + 1);
      return from + 5;
    },
    decode(bytes, from, outputBytes, isLast) {
      [input, at] = [bytes, from];
      const end = out.total + outputBytes;
      const enough = isLast ? Number.POSITIVE_INFINITY : bytes.length - SYMBOL_BYTES;
      while (!isEnded && out.total < end && at <= enough) {
        if (!symbol() || at > bytes.length) return Number.NaN;
      }
      out.flush();
      return at;
    },
    copy(bytes) {
      for (const byte of bytes) out.put(byte);
      out.flush();
    },
    resetDictionary: out.reset,
    get isEnded() {
      return isEnded;
    },
    get writtenBytes() {
      return out.total;
    },
  };
}

const CHUNK_BYTES = 64 * 1024;

/** The most recent output, up to the dictionary's size, from which matches copy; it grows as it fills. */
function outputWindow(dictionaryBytes: number, write: (bytes: Uint8Array) => void) {
  let window = new Uint8Array(Math.min(dictionaryBytes, CHUNK_BYTES));
  let [total, origin, heldBytes, at] = [0, 0, 0, 0];
  let chunk = new Uint8Array(CHUNK_BYTES);
  let chunkBytes = 0;

  function grow(): void {
    const larger = new Uint8Array(Math.min(dictionaryBytes, window.length * 4));
    larger.set(window);
    window = larger;
  }

  function flush(): void {
    if (chunkBytes === 0) return;
    write(chunk.subarray(0, chunkBytes));
    chunk = new Uint8Array(CHUNK_BYTES);
    chunkBytes = 0;
  }

  function put(byte: number): void {
    if (at === window.length) {
      if (window.length < dictionaryBytes) grow();
      else at = 0;
    }
    window[at++] = byte;
    total += 1;
    if (heldBytes < dictionaryBytes) heldBytes += 1;
    chunk[chunkBytes++] = byte;
    if (chunkBytes === CHUNK_BYTES) flush();
  }

  /** The byte at this distance back; 1 is the last, and 0 is returned before the first. */
  function back(distance: number): number {
    const from = at - distance;
    return (distance > heldBytes ? 0 : window[from < 0 ? from + window.length : from]) ?? 0;
  }

  return {
    get total() {
      return total;
    },
    /** Bytes since the dictionary was reset. */
    get position() {
      return total - origin;
    },
    put,
    back,
    repeat(distance: number, length: number): boolean {
      if (distance > heldBytes) return false;
      for (let count = 0; count < length; count += 1) put(back(distance));
      return true;
    },
    flush,
    reset(): void {
      heldBytes = 0;
      origin = total;
    },
  };
}
