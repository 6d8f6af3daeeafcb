"""Uses a stage by the Python client: python python_client.py deploy FILE | rollback | predict."""

import json
import sys

import slipway_client as slipway

account = slipway.connect(stage="dev", key="the-key")
what, *rest = sys.argv[1:]
try:
    if what == "deploy":
        account.deploy(rest[0], name="shapes", example={"inputs": [[1, 2]]})
        print(
            json.dumps(
                [
                    [each.version, each.state, each.artifact]
                    for each in account.model("shapes").versions()
                ]
            )
        )
    elif what == "rollback":
        print(account.model("shapes").rollback().version)
    elif what == "nobody":
        account.model("nobody").rollback()
    elif what == "stage":
        slipway.connect(stage="none").model("shapes").versions()
    else:
        print(json.dumps(account.model("shapes").predict([[1, 2]])))
except slipway.Failure as failure:
    print(json.dumps({"name": failure.name, "reason": failure.reason, "fix": failure.fix}))
