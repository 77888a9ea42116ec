NAME = 'unfinished'
RATES = {'a': 1
