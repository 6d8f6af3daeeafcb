"""CatBoost's own model."""

import catboost


def difference(data, found, names):
    model = catboost.CatBoost()
    model.load_model(blob=data)
    made = {"columns": list(model.feature_names_), "trees": model.tree_count_}
    return next((f"{key}: inspection found {found[key]!r}, CatBoost {made[key]!r}"[:300] for key in made if made[key] != found[key]), None)
