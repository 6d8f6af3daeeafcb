"""LightGBM's own Booster."""

import lightgbm


def difference(data, found, names):
    booster = lightgbm.Booster(model_str=data.decode("utf-8"), params={"verbosity": -1})
    made = {
        "features": booster.num_feature(),
        "columns": booster.feature_name(),
        "trees": booster.num_trees(),
        "perRound": booster.num_model_per_iteration(),
    }
    return next((f"{key}: inspection found {found[key]!r}, LightGBM {made[key]!r}"[:300] for key in made if key in found and made[key] != found[key]), None)
