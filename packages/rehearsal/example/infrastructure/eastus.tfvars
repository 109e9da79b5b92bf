region = "eastus"
size   = 3
