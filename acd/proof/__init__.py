"""The engine held against what is known on paper: experiments whose exact answer a formula gives."""
