region = "westeurope"
size   = 2
