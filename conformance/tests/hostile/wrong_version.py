from polite import HELLO, serve

serve(hello={**HELLO, "protocol": "backproof/2"})
