terraform {
  # The first version with terraform_data, which needs no provider.
  required_version = ">= 1.4"
}

variable "name" {
  description = "The model's name."
  type        = string
}

variable "path" {
  description = "The model: a file, or a folder with its model.yaml."
  type        = string
}

variable "stage" {
  description = "The stage of the account. Without it and without data, the environment variables of the command line say where: SLIPWAY_STAGE, or SLIPWAY_SERVER and SLIPWAY_KEY."
  type        = string
  default     = null
}

variable "region" {
  description = "The AWS region of the stage."
  type        = string
  default     = null
}

variable "data" {
  description = "Instead of a stage, the data folder of a Slipway on this machine."
  type        = string
  default     = null
}

variable "command" {
  description = "The command of Slipway, on the machine that runs Terraform."
  type        = string
  default     = "slipway"
}

locals {
  place = concat(
    var.stage == null ? [] : ["--stage", var.stage],
    var.region == null ? [] : ["--region", var.region],
    var.data == null ? [] : ["--data", var.data],
  )

  # A file, with what lies beside it and begins with its name: FILE.yaml, FILE.examples.jsonl, the external data of ONNX.
  is_file = can(filesha256(var.path))
  folder  = local.is_file ? dirname(var.path) : var.path
  names   = local.is_file ? [for name in fileset(local.folder, "*") : name if startswith(name, basename(var.path))] : fileset(local.folder, "**")
  digests = { for name in local.names : name => filesha256("${local.folder}/${name}") }
}

# Whatever a provisioner starts gets its arguments from a list and no shell reads them: `interpreter` is the program with
# its arguments, and `command` is the last one.

# What a destroy removes. It is a resource of its own, since new bytes replace the push and remove nothing.
resource "terraform_data" "model" {
  triggers_replace = [var.name, local.place]
  input = {
    command = var.command
    name    = var.name
    place   = local.place
  }

  provisioner "local-exec" {
    when        = destroy
    interpreter = concat([self.input.command, "undeploy", "--yes"], self.input.place, ["--"])
    command     = self.input.name
  }
}

# It follows the deployment to its end, and fails with the reason unless the version goes live; the version before keeps
# answering then, and the next apply pushes again.
resource "terraform_data" "version" {
  triggers_replace = [terraform_data.model.id, local.digests]

  provisioner "local-exec" {
    interpreter = concat([var.command, "push", "--name", var.name], local.place, ["--"])
    command     = var.path
  }

  lifecycle {
    precondition {
      condition     = length(local.digests) > 0
      error_message = "${var.path} is no file, and no folder with files."
    }
  }
}

output "name" {
  description = "The model's name, once the version is live."
  value       = var.name
  depends_on  = [terraform_data.version]
}
