// Below this two numbers are the same whatever the relative tolerance: 0 and 1e-9 are.
const ABSOLUTE_TOLERANCE = 1e-8;
const LONGEST_SHOWN = 80;

/**
 * The first place where `got` is not as `expected`, as a sentence with its path; undefined when there is none.
 * Numbers agree when |got - expected| <= rtol * |expected| + 1e-8; other values must be equal, and lists as long.
 * An object may have more keys than expected. A tensor (an object with an integer `datatype`) is compared exactly.
 */
export function difference(
  got: unknown,
  expected: unknown,
  rtol: number,
  path = 'the answer',
): string | undefined {
  if (Array.isArray(expected)) {
    return Array.isArray(got) ? listDifference(got, expected, rtol, path) : mismatch()
  }
}
