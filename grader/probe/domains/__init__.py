"""What "any" means: for each kind of input its classes, and a random instance of every class.

Each function takes the source of randomness and returns an instance of every class, by the class's name. So each class
is in every grade, no verdict depends on the seed, and no app can know the values.
"""
