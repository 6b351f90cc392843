"""How dates are written in each language, where that is not as Django has it."""
