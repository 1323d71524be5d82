"""``manage.py doctor``: what is wrong with an installation, and how to mend it.

Made for the moment when half of it is down: it reads settings late, each check stands alone, and none needs another's success.
Nothing is left changed, and no byte of a key is ever printed.
"""
