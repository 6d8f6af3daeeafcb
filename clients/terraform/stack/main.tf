terraform {
  # The first version with terraform_data, which needs no provider.
  required_version = ">= 1.4"
}

variable "stage" {
  description = "The stage, a separate Slipway in the account: a letter, then at most 12 lower-case letters and digits."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,12}$", var.stage))
    error_message = "A stage is a letter, followed by at most 12 lower-case letters and digits."
  }
}

variable "region" {
  description = "The AWS region."
  type        = string
}

variable "parameters" {
  description = "Parameters of the stack, as docs/deploy.md lists them. One that is left out has its default."
  type        = map(string)
  default     = {}
}

variable "release" {
  description = "Any text, such as the version of the installed command. A new text deploys the stack again, as an upgrade needs it."
  type        = string
  default     = ""
}

variable "delete_data" {
  description = "Whether a destroy also deletes the bucket with all models, and the registry. The value counts that was applied last."
  type        = bool
  default     = false
}

variable "command" {
  description = "The command of Slipway, on the machine that runs Terraform."
  type        = string
  default     = "slipway"
}

# Whatever a provisioner starts gets its arguments from a list and no shell reads them: `interpreter` is the program with
# its arguments, and `command` is the last one.

# What a destroy removes. It is a resource of its own, since a changed parameter replaces the deploy and removes nothing.
resource "terraform_data" "stack" {
  triggers_replace = [var.stage, var.region]
  input = {
    command = var.command
    stage   = var.stage
    region  = var.region
    delete  = var.delete_data ? ["--delete-bucket", "--delete-table"] : []
  }

  provisioner "local-exec" {
    when        = destroy
    interpreter = concat([self.input.command, "uninstall", "--yes"], self.input.delete, ["--stage", self.input.stage, "--region"])
    command     = self.input.region
  }
}

resource "terraform_data" "deploy" {
  triggers_replace = [terraform_data.stack.id, var.parameters, var.release]

  provisioner "local-exec" {
    interpreter = concat(
      [var.command, "deploy", "--yes"],
      flatten([for name, value in var.parameters : ["--param", "${name}=${value}"]]),
      ["--stage", var.stage, "--region"],
    )
    command = var.region
  }
}

output "stage" {
  description = "The stage, once it is deployed: what deploys models to it waits for that."
  value       = var.stage
  depends_on  = [terraform_data.deploy]
}

output "region" {
  description = "The region, once the stage is deployed."
  value       = var.region
  depends_on  = [terraform_data.deploy]
}

output "stack_name" {
  description = "The name of the CloudFormation stack, whose outputs have the endpoint and the bucket."
  value       = "slipway-${var.stage}"
  depends_on  = [terraform_data.deploy]
}
