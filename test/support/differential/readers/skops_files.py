"""skops, with exactly the types trusted that the loader trusts."""

from skops import io
import collections

import values


def difference(data, found, names):
    untrusted = io.get_untrusted_types(data=data)
    made = io.loads(data, trusted=untrusted)
    unknown = [name for name in untrusted if name not in found["types"]]
    if unknown:
        return f"skops names {unknown[0]}, which inspection did not find"
    values.sequences = [list, tuple]
    values.mappings = [dict, collections.OrderedDict]
    return values.difference(found["root"], made)
