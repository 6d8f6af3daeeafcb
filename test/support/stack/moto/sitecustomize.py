"""Fixes that let moto deploy a template that CloudFormation takes; Python runs this before moto where this folder is on its path."""

import moto.apigateway.models as apigateway
import moto.cloudformation.models as cloudformation
import moto.cloudformation.parsing as parsing
import moto.iam.models as iam

# It takes cfn-lint's warnings for errors; cfn-lint has had its say in .ci/template.
cloudformation.validate_template_cfn_lint = lambda template: []

# moto asks for the URI of every integration; a mocked one has none.
create = apigateway.Method.create_from_cloudformation_json.__func__


def create_mocked_too(cls, resource_name, cloudformation_json, *args, **kwargs):
    integration = cloudformation_json["Properties"].get("Integration", {})
    integration.setdefault("IntegrationHttpMethod", "POST")
    integration.setdefault("Uri", None)
    return create(cls, resource_name, cloudformation_json, *args, **kwargs)


apigateway.Method.create_from_cloudformation_json = classmethod(create_mocked_too)

# moto leaves a None in a list in place of AWS::NoValue.
create_role = iam.Role.create_from_cloudformation_json.__func__


def create_with_policies(cls, resource_name, cloudformation_json, *args, **kwargs):
    properties = cloudformation_json["Properties"]
    properties["Policies"] = [policy for policy in properties.get("Policies", []) if policy]
    return create_role(cls, resource_name, cloudformation_json, *args, **kwargs)


iam.Role.create_from_cloudformation_json = classmethod(create_with_policies)

# moto makes no delivery stream, and then refuses a variable with the ARN of one.
clean = parsing.clean_json


def clean_with_streams(resource_json, resources_map):
    logical_id, _ = resource_json.get("Fn::GetAtt", (None, None)) if isinstance(resource_json, dict) else (None, None)
    resource = resources_map._resource_json_map.get(logical_id) if logical_id else None
    if resource and resource["Type"] == "AWS::KinesisFirehose::DeliveryStream":
        region, account = resources_map._region_name, resources_map._account_id
        return f"arn:aws:firehose:{region}:{account}:deliverystream/"
    return clean(resource_json, resources_map)


parsing.clean_json = clean_with_streams
