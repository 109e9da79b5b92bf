# What a provider refuses when the pool is to be made: the apply fails in its middle.
answer = "quota exceeded"
