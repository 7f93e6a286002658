from polite import HELLO, serve

serve(hello={**HELLO, "activations": ["identity", "sigmod"]})
