# Stands for the infrastructure of a region: nothing of it is anywhere but in its state.

terraform {
  backend "http" {}
}

variable "region" {
  type = string
}

variable "size" {
  type = number
}

# What the provider answers when the pool is to be made: what is not "ok" fails the apply in its middle.
variable "answer" {
  type    = string
  default = "ok"
}

variable "token" {
  type      = string
  sensitive = true
  default   = "of-the-rehearsal"
}

resource "terraform_data" "network" {
  input = "network of ${var.region}"
}

resource "terraform_data" "pool" {
  input            = { network = terraform_data.network.output, size = var.size, token = var.token }
  triggers_replace = [terraform_data.network.output]

  provisioner "local-exec" {
    command     = "test \"$ANSWER\" = ok"
    environment = { ANSWER = var.answer }
  }
}

output "backend" {
  value = "app"
}

output "size" {
  value     = terraform_data.pool.output.size
  sensitive = true
}
