// An adapter for backproof, protocol backproof/1, with Gson (libgoogle-gson-java). YOURS marks where your code goes.
// javac -cp /usr/share/java/gson.jar MyNet.java
// backproof check --command "java -cp .:/usr/share/java/gson.jar MyNet"
import com.google.gson.*;
import java.util.*;
import java.util.function.*;
import java.util.stream.IntStream;

public class MyNet {
    static final String HELLO = // what your code can do, and no more: backproof list activations (losses, flags ...)
        "{\"protocol\": \"backproof/1\", \"name\": \"my_net\", \"version\": \"1\", \"language\": \"Java\","
        + " \"activations\": [\"identity\", \"sigmoid\", \"tanh\"], \"losses\": [\"squared\", \"log\"],"
        + " \"skips\": [], \"conventions\": {}}";
    record Layer(Map<String, Object> activation, double[][] weights, double[] biases, boolean[][] mask) {}
    static class Case { String dtype, loss; double[][] x, y; double learning_rate; int[][] batches; Layer[] layers; }
    record Step(double loss, double[][][] net_inputs, double[][][] activations, double[][][] deltas,
        double[][][] weight_gradients, double[][] bias_gradients, double[][][] weights, double[][] biases) {}
    static boolean single; // every number has the case's dtype

    static double sum(int n, IntToDoubleFunction term) { return IntStream.range(0, n).mapToDouble(term).sum(); }
    static double[] row(int n, IntToDoubleFunction cell) {
        return IntStream.range(0, n).mapToDouble(cell).map(v -> single ? (float) v : v).toArray();
    }
    static double[][] fill(int m, int n, ToDoubleBiFunction<Integer, Integer> cell) {
        return IntStream.range(0, m).mapToObj(i -> row(n, j -> cell.applyAsDouble(i, j))).toArray(double[][]::new);
    }
    static double f(int f, double z) { return f == 's' ? 1 / (1 + Math.exp(-z)) : f == 't' ? Math.tanh(z) : z; }
    static double slope(int f, double a) { return f == 's' ? a * (1 - a) : f == 't' ? 1 - a * a : 1; } // f' from f(z)

    static Step update(Case test, int[] batch, double[][][] w, double[][] b) { // YOURS: show what you have of it
        double[][] x = Arrays.stream(batch).mapToObj(s -> test.x[s]).toArray(double[][]::new);
        double[][] y = Arrays.stream(batch).mapToObj(s -> test.y[s]).toArray(double[][]::new);
        boolean squared = test.loss.equals("squared");
        int last = w.length - 1;
        int[] name = Arrays.stream(test.layers).mapToInt(l -> l.activation.get("name").toString().charAt(0)).toArray();
        double[][][] z = new double[last + 1][][], a = z.clone(), delta = z.clone(), byW = z.clone();
        double[][] byB = new double[last + 1][];
        IntStream.rangeClosed(0, last).forEach(l -> {
            double[][] in = l > 0 ? a[l - 1] : x;
            z[l] = fill(x.length, w[l].length, (s, i) ->
                (b[l] == null ? 0 : b[l][i]) + sum(in[s].length, j -> w[l][i][j] * in[s][j]));
            a[l] = fill(x.length, w[l].length, (s, i) -> f(name[l], z[l][s][i]));
        });
        double[][] o = a[last], v = z[last]; // the log loss of sigmoid outputs is taken from z: nothing overflows
        double[] loss = row(1, p -> sum(o.length, s -> sum(y[s].length, i -> squared ? Math.pow(o[s][i] - y[s][i], 2)
            : Math.max(v[s][i], 0) - y[s][i] * v[s][i] + Math.log1p(Math.exp(-Math.abs(v[s][i]))))));
        IntStream.rangeClosed(0, last).map(k -> last - k).forEach(l -> delta[l] = fill(x.length, w[l].length, l == last
            ? (s, i) -> (o[s][i] - y[s][i]) * (squared ? 2 * slope(name[last], o[s][i]) : 1)
            : (s, i) -> slope(name[l], a[l][s][i]) // times W^T delta of the next layer
                * sum(w[l + 1].length, j -> w[l + 1][j][i] * delta[l + 1][s][j])));
        IntStream.rangeClosed(0, last).forEach(l -> {
            double[][] in = l > 0 ? a[l - 1] : x;
            boolean[][] mask = test.layers[l].mask;
            byW[l] = fill(w[l].length, in[0].length, (i, j) ->
                mask != null && !mask[i][j] ? 0 : sum(x.length, s -> delta[l][s][i] * in[s][j]));
            byB[l] = b[l] == null ? null : row(w[l].length, i -> sum(x.length, s -> delta[l][s][i]));
            w[l] = fill(w[l].length, in[0].length, (i, j) -> w[l][i][j] - test.learning_rate * byW[l][i][j]);
            b[l] = b[l] == null ? null : row(w[l].length, i -> b[l][i] - test.learning_rate * byB[l][i]);
        });
        return new Step(loss[0], z, a, delta, byW, byB, w.clone(), b.clone());
    }

    public static void main(String[] words) {
        JsonSerializer<Double> put = (v, t, c) -> Double.isFinite(v) ? new JsonPrimitive(v) : new JsonPrimitive("" + v);
        Gson json = new GsonBuilder().registerTypeAdapter(Double.class, put).create(); // JSON has no NaN: a string
        for (Scanner input = new Scanner(System.in); input.hasNextLine();) {
            JsonObject request = JsonParser.parseString(input.nextLine()).getAsJsonObject();
            String type = request.get("type").getAsString();
            if (type.equals("bye")) break;
            if (type.equals("hello")) { System.out.println(HELLO); continue; }
            Case test = json.fromJson(request.get("case"), Case.class);
            single = test.dtype.equals("float32");
            double[][][] w = Arrays.stream(test.layers).map(Layer::weights).toArray(double[][][]::new);
            double[][] b = Arrays.stream(test.layers).map(Layer::biases).toArray(double[][]::new); // null: has none
            Step[] steps = Arrays.stream(test.batches).map(batch -> update(test, batch, w, b)).toArray(Step[]::new);
            System.out.println("{\"id\":" + request.get("id") + ",\"result\":" + json.toJson(steps) + "}");
        }
    }
}
