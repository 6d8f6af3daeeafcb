"""PyYAML: the texts of `BaseLoader`, and `safe_load`, by which MLflow reads its `MLmodel`."""

import yaml

# The keys of a file that inspection keeps; it keeps everything in `flavors`.
_KEPT = ("flavors", "mlflow_version", "signature", "saved_input_example_info")
_PARTS = {
    "signature": ("inputs", "outputs", "params"),
    "saved_input_example_info": ("artifact_path", "serving_input_path", "pandas_orient", "type", "format"),
}


def difference(data, found, names):
    text = data.decode("utf-8")
    whole = yaml.load(text, yaml.BaseLoader)
    safe = yaml.safe_load(text)
    told = _compared(_kept(found), _kept(whole), "the file") or _compared(_kept(found), _kept(safe), "the file, by safe_load")
    return told or (None if list(found) == [key for key in _KEPT if key in found] else None)


def _kept(tree):
    if not isinstance(tree, dict):
        return tree
    kept = {key: tree[key] for key in _KEPT if key in tree}
    for key, parts in _PARTS.items():
        if isinstance(kept.get(key), dict):
            kept[key] = {part: kept[key][part] for part in parts if part in kept[key]}
    return kept


def _compared(found, made, at):
    if isinstance(found, dict):
        if not isinstance(made, dict) or set(found) != set(made):
            return f"{at}: inspection found the keys {sorted(found)}, Python {sorted(made, key=str) if isinstance(made, dict) else made!r}"
        return next((told for key in found if (told := _compared(found[key], made[key], f"{at}.{key}"))), None)
    if isinstance(found, list):
        if not isinstance(made, list) or len(found) != len(made):
            return f"{at}: inspection found {found!r}, Python {made!r}"
        return next((told for index, each in enumerate(found) if (told := _compared(each, made[index], f"{at}[{index}]"))), None)
    # A plain value that YAML 1.1 takes for a number or a date is kept as the text that it is.
    if (isinstance(made, str) and made == found) or (found is None and made in (None, "")):
        return None
    is_scalar = not isinstance(made, (str, dict, list, set, tuple))
    return None if is_scalar and isinstance(found, str) else f"{at}: inspection found {found!r}, Python {made!r}"
