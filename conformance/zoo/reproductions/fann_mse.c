/* FANN: the MSE is the mean over the outputs, the deltas are those of half the sum. */
#include <floatfann.h>
#include <fann_internal.h>
#include <stdio.h>

int main(void) {
    struct fann *ann = fann_create_standard(2, 1, 3);
    fann_type x = 0, y[3] = {0, 0, 0}; /* x is 0: z is the bias */
    fann_set_train_error_function(ann, FANN_ERRORFUNC_LINEAR);
    fann_set_activation_function_output(ann, FANN_LINEAR);
    fann_set_activation_steepness_output(ann, 1);
    for (int i = 0; i < 3; i++) ann->weights[2 * i + 1] = 1;
    fann_run(ann, &x), fann_reset_MSE(ann), fann_compute_MSE(ann, y);
    double mse = fann_get_MSE(ann), delta = -ann->train_errors[2];
    printf("MSE of three errors of 1: %g; right for the gradient used, %g for each: 3/2\n", mse, delta);
    return !(mse == 1 && delta == 1);
}
