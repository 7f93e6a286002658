/* FANN: derivatives are taken at an activation that is clipped, and never come near 0. */
#include <floatfann.h>
#include <fann_internal.h>
#include <math.h>
#include <stdio.h>

int main(void) {
    double used = fann_activation_derived(FANN_SIGMOID, 0.5f, 0.999999f, 13.8f); /* its steepness 0.5 is the sigmoid */
    double tanh_used = fann_activation_derived(FANN_SIGMOID_SYMMETRIC, 1, (float)tanh(6), 6);
    printf("sigmoid' at o = 0.999999 as it is used: %.6g, right: %.6g\n", used, 0.999999 * 1e-6);
    printf("tanh'(6) as it is used: %.6g, right: %.6g\n", tanh_used, 1 - pow(tanh(6), 2));
    return !(used > 0.009 && tanh_used > 0.03);
}
