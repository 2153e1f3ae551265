# What the recorded expressions refer to. evaluate.test.ts builds the same values.
terraform {
  required_version = ">= 1.11"
}

resource "terraform_data" "a" {}

variable "null_list" {
  type    = list(string)
  default = null
}
variable "null_string" {
  type    = string
  default = null
}
variable "null_object" {
  type    = object({ a = number })
  default = null
}
variable "empty" {
  type    = list(string)
  default = []
}
variable "empty_objects" {
  type    = list(object({ id = string }))
  default = []
}
variable "list" {
  type    = list(string)
  default = ["a", "b", "c"]
}
variable "numbers" {
  type    = list(number)
  default = [1, 2, 3]
}
variable "set" {
  type    = set(string)
  default = ["b", "a"]
}
variable "map" {
  type    = map(string)
  default = { b = "2", a = "1", "2" = "two" }
}
variable "objects" {
  type    = list(object({ id = string, n = number }))
  default = [{ id = "i1", n = 1 }, { id = "i2", n = 2 }]
}
variable "object_set" {
  type    = set(object({ id = string }))
  default = [{ id = "i1" }, { id = "i2" }]
}
variable "secret" {
  type      = string
  default   = "hidden"
  sensitive = true
}
variable "secret_number" {
  type      = number
  default   = 1
  sensitive = true
}
variable "secret_bool" {
  type      = bool
  default   = true
  sensitive = true
}
variable "secret_list" {
  type      = list(string)
  default   = ["a", "b"]
  sensitive = true
}
variable "secret_map" {
  type      = map(string)
  default   = { a = "x" }
  sensitive = true
}
variable "secret_object" {
  type      = object({ a = number, b = string })
  default   = { a = 1, b = "x" }
  sensitive = true
}
variable "secret_null" {
  type      = string
  default   = null
  sensitive = true
}

locals {
  text           = "abc"
  accent         = "é"
  number         = 5
  half           = 2.5
  yes            = true
  tuple          = ["x", 1, true]
  object         = { name = "n", size = 3, "9" = "nine", "a-b" = 1, inner = { list = ["p", "q"] } }
  part           = { a = var.secret, b = 1 }
  parts          = [1, var.secret_number]
  unknown        = tostring(terraform_data.a.id)
  unknown_number = tonumber(terraform_data.a.id)
  unknown_bool   = tobool(terraform_data.a.id)
  unknown_list   = split(",", terraform_data.a.id)
  unknown_set    = toset(split(",", terraform_data.a.id))
  unknown_map    = zipmap(split(",", terraform_data.a.id), split(",", terraform_data.a.id))
  unknown_tuple  = tobool(terraform_data.a.id) ? ["a", 1] : ["b", 2]
  unknown_object = tobool(terraform_data.a.id) ? { a = 1, b = "x" } : { a = 2, b = "y" }
  nullable       = tobool(terraform_data.a.id) ? { a = 1 } : null
  dynamic        = terraform_data.a.output
  secret_unknown = sensitive(tostring(terraform_data.a.id))
  secret_unknown_list = sensitive(split(",", terraform_data.a.id))
}
