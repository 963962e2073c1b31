"""A demonstration instance: made-up data of every kind that a forge holds, and the program that moves it there and back."""
