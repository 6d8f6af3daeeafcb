# Replace OWNER/slipway by your copy of the repository, and the tag by a commit. The double slash is Terraform's: a folder of the repository.
# source = "git::https://github.com/OWNER/slipway.git//clients/terraform/stack?ref=v0.1.0"
module "slipway" {
  source = "../stack"
  stage  = "prod"
  region = "eu-central-1"
  parameters = {
    bakeSeconds = 300
    alarmEmail  = "oncall@example.com"
  }
}

module "digits" {
  source = "../model"
  name   = "digits"
  path   = "${path.root}/models/digits.onnx"
  stage  = module.slipway.stage
  region = module.slipway.region
}
