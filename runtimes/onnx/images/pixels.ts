export type Size = { readonly width: number; readonly height: number };

/** An image in RGB: row by row, three bytes a pixel. */
export type Pixels = Size & { readonly data: Uint8Array | Uint8ClampedArray };
