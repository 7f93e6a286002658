/* FANN: errors of symmetric outputs are halved before the delta is taken, and the MSE is a quarter of the mean. */
#include <floatfann.h>
#include <fann_internal.h>
#include <math.h>
#include <stdio.h>

int main(void) {
    struct fann *ann = fann_create_standard(2, 1, 1);
    fann_type x = 0, y = 0; /* x is 0: z is the bias, the second weight */
    fann_set_train_error_function(ann, FANN_ERRORFUNC_LINEAR);
    fann_set_activation_function_output(ann, FANN_SIGMOID_SYMMETRIC);
    fann_set_activation_steepness_output(ann, 1);
    ann->weights[1] = 0.5f, fann_run(ann, &x), fann_reset_MSE(ann), fann_compute_MSE(ann, &y);
    double o = tanh(0.5), delta = -ann->train_errors[2], right = o * (1 - o * o), mse = fann_get_MSE(ann);
    printf("tanh output %.6f for label 0: delta %.6f, right for half of the squared error: %.6f\n", o, delta, right);
    printf("MSE %.6f, right: the mean of (o - y)^2 = %.6f\n", mse, o * o);
    return !(fabs(delta / right - 0.5) < 1e-5 && fabs(mse / (o * o) - 0.25) < 1e-5);
}
