"""Charging by price: what a plan holds, what it is made from, what switches, and how it is carried out."""
