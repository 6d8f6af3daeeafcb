"""XGBoost's own Booster."""

import json

import xgboost


def difference(data, found, names):
    booster = xgboost.Booster()
    booster.load_model(bytearray(data))
    learner = json.loads(booster.save_config())["learner"]
    made = {
        "features": booster.num_features(),
        "columns": booster.feature_names,
        "objective": learner["objective"]["name"],
        "booster": learner["gradient_booster"]["name"],
    }
    if made["booster"] != "gblinear":
        made["trees"] = len(booster.get_dump())
    return next((f"{key}: inspection found {found[key]!r}, XGBoost {made[key]!r}"[:300] for key in made if made[key] != found[key]), None)
